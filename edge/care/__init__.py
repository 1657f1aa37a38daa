# SPDX-License-Identifier: Apache-2.0
"""Care: the unit looks after itself. `doctor` finds what is wrong with it, `aim` helps to hang it, `faults` is what
can go wrong while it runs."""
