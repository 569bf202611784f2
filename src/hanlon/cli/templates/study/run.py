"""Runs a sweep: python run.py -m prompt=priority_clarified,baseline"""

import sys

from hanlon.run.main import main

if __name__ == "__main__":
    sys.exit(main())
