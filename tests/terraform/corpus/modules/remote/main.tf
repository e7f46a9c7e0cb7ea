variable "vpc_id" {}

variable "owner" {}

resource "aws_security_group" "this" {
  name        = "corpus-remote"
  description = "remote"
  vpc_id      = var.vpc_id

  tags = {
    Owner = var.owner
  }
}
