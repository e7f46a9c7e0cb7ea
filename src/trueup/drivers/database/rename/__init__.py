"""`trueup db plan-rename`: a column renamed by three migrations that no release notices."""
