variable "vpc_id" {}

variable "team" {}

variable "tier" {
  default = "gold"
}

module "inner" {
  source = "../app"
  name   = "corpus-outer"
  vpc_id = var.vpc_id
  owner  = var.team
}

resource "aws_security_group" "tiered" {
  name        = "corpus-tiered"
  description = "tiered"
  vpc_id      = var.vpc_id

  tags = {
    Tier = var.tier
  }
}
