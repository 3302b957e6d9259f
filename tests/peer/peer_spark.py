# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The real Spark of the peer checks: the recorder's, found beside the repository's tools."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "golden"))

from sparkside import Spark  # noqa: E402,F401
