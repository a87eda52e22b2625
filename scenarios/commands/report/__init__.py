"""`report.html`: a run on one page that needs nothing else, with its sky to look at."""
