environment = "dev"
domain      = "dev.acme.example"

cidr = "10.10.0.0/16"
public_subnets = {
  eu-central-1a = "10.10.1.0/24"
  eu-central-1b = "10.10.2.0/24"
}
