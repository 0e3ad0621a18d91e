"""Verdicts on claims: claims as files state them, the rule, looks, declarations."""
