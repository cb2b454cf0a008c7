"""`python -m tests.edge.limited SOFT HARD`: config.serve with these limits on open files."""

import resource
import sys

from config import serve

if __name__ == "__main__":
    soft, hard = (int(word) for word in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    del sys.argv[1:]
    serve.main()
