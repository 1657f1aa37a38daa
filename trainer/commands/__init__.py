# SPDX-License-Identifier: Apache-2.0
"""The commands of maskgate-train: each has `add(commands)`, which declares it, and `run(arguments)`, which does it."""
