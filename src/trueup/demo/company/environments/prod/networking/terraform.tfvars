environment = "prod"
domain      = "acme.example"

cidr = "10.20.0.0/16"
public_subnets = {
  eu-central-1a = "10.20.1.0/24"
  eu-central-1b = "10.20.2.0/24"
}
