# SPDX-License-Identifier: Apache-2.0
"""`python -m edge` is `maskgate`."""

import sys

from edge.commands.main import main

sys.exit(main())
