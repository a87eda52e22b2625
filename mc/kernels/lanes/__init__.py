"""Histories side by side: moves that the processor's vector units make for several particles at once."""
