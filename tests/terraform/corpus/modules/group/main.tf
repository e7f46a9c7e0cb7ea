variable "vpc_id" {}

variable "owner" {
  type = string
}

resource "aws_security_group" "this" {
  name        = "corpus-module"
  description = "module"
  vpc_id      = var.vpc_id

  tags = {
    Owner = var.owner
    Name  = "module"
  }
}
