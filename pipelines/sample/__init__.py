"""The sample: a small fictitious country in the publishers' own file layouts, with their traps.

``write_sample`` writes it as a mirror folder, which is read like a mirror of real files.
"""

from pipelines.sample.mirror import write_sample
from pipelines.sample.sizes import NATIONAL, SMALL, Size

__all__ = ["NATIONAL", "SMALL", "Size", "write_sample"]
