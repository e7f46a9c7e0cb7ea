locals {
  tags = {
    Environment = var.environment
    Team        = "platform"
  }
}

module "network" {
  source = "../../../modules/network"

  name           = "acme-${var.environment}"
  cidr           = var.cidr
  public_subnets = var.public_subnets
  tags           = local.tags
}

# Everything inside talks over this group. Its rules are resources of their own, so that
# other teams can add theirs without touching the group.
resource "aws_security_group" "internal" {
  name        = "internal"
  description = "Traffic between our own services"
  vpc_id      = module.network.vpc_id

  tags = merge(local.tags, {
    Name = "internal"
  })
}

resource "aws_security_group_rule" "internal_https" {
  security_group_id = aws_security_group.internal.id
  type              = "ingress"
  description       = "HTTPS between services"
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = [var.cidr]
}

resource "aws_security_group_rule" "internal_postgres" {
  security_group_id = aws_security_group.internal.id
  type              = "ingress"
  description       = "PostgreSQL"
  protocol          = "tcp"
  from_port         = 5432
  to_port           = 5432
  cidr_blocks       = [var.cidr]
}

resource "aws_route53_zone" "main" {
  name    = var.domain
  comment = "Managed by Terraform"

  tags = local.tags
}
