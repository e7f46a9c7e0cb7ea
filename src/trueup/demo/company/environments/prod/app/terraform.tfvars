environment = "prod"
data_class  = "confidential"
addresses   = ["203.0.113.20"]
