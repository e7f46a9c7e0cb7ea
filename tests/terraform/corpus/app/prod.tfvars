from_file = "prod" # of production
