"""The daily proof: the wallet's movements are the sum of the records."""
