variable "name" {}

variable "vpc_id" {}

variable "owner" {
  type = string
}

resource "aws_security_group" "this" {
  name        = var.name
  description = "app"
  vpc_id      = var.vpc_id

  tags = {
    Owner = var.owner
    Kind  = "app"
  }
}
