environment = "dev"
data_class  = "internal"
addresses   = ["203.0.113.10"]
