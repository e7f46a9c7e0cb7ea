terraform {
  required_providers {
    aws = {
      source  = "registry.terraform.io/hashicorp/aws"
      version = "3.39.0"
    }
  }
}

variable "endpoint" {}

provider "aws" {
  region                      = "eu-central-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true
  s3_force_path_style         = true

  endpoints {
    cloudwatchlogs = var.endpoint
    dynamodb       = var.endpoint
    ec2            = var.endpoint
    iam            = var.endpoint
    s3             = var.endpoint
    sns            = var.endpoint
    ssm            = var.endpoint
    sts            = var.endpoint
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.9.0.0/16"
}

# Rules as blocks: one is added by hand
resource "aws_security_group" "added" {
  name        = "corpus-added"
  description = "added"
  vpc_id      = aws_vpc.main.id

  # HTTPS from inside
  ingress {
    description = "HTTPS"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"] # us
  }

  tags = { Name = "added" }
}

resource "aws_security_group" "removed" {
  name        = "corpus-removed"
  description = "removed"
  vpc_id      = aws_vpc.main.id

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }

  # only to redirect
  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_security_group" "changed" {
  name        = "corpus-changed"
  description = "changed"
  vpc_id      = aws_vpc.main.id

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_security_group" "dynamic" {
  name        = "corpus-dynamic"
  description = "dynamic"
  vpc_id      = aws_vpc.main.id

  dynamic "ingress" {
    for_each = [22, 23]
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }
}

resource "aws_security_group" "dynamic_removed" {
  name        = "corpus-dynamic-removed"
  description = "dynamic"
  vpc_id      = aws_vpc.main.id

  dynamic "ingress" {
    for_each = [22, 23]
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }
}

# Rules as resources of their own

resource "aws_security_group" "apart" {
  name        = "corpus-apart"
  description = "apart"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group_rule" "apart" {
  security_group_id = aws_security_group.apart.id
  type              = "ingress"
  from_port         = 443
  to_port           = 443
  protocol          = "tcp"
  cidr_blocks       = ["10.0.0.0/8"]
}

# Tags in every shape

resource "aws_security_group" "no_tags" {
  name        = "corpus-no-tags"
  description = "tags"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group" "line_tags" {
  name        = "corpus-line-tags"
  description = "tags"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "line", Old = "x" } # short
}

resource "aws_security_group" "map_tags" {
  name        = "corpus-map-tags"
  description = "tags"
  vpc_id      = aws_vpc.main.id

  tags = {
    Name        = "map" # shown
    Environment = "prod"
  }
}

resource "aws_security_group" "quoted_tags" {
  name        = "corpus-quoted-tags"
  description = "tags"
  vpc_id      = aws_vpc.main.id

  tags = {
    "Name" : "quoted",
    "data-class" : "internal"
  }
}

resource "aws_security_group" "lost_tags" {
  name        = "corpus-lost-tags"
  description = "tags"
  vpc_id      = aws_vpc.main.id

  tags = {
    Name = "lost"
  }
}

resource "aws_security_group" "merged_tags" {
  name        = "corpus-merged-tags"
  description = "tags"
  vpc_id      = aws_vpc.main.id
  tags        = merge(local.common, { Name = "merged" })
}

resource "aws_security_group" "local_tags" {
  name        = "corpus-local-tags"
  description = "tags"
  vpc_id      = aws_vpc.main.id
  tags        = local.own
}

resource "aws_security_group" "variable_tag" {
  name        = "corpus-variable-tag"
  description = "tags"
  vpc_id      = aws_vpc.main.id

  tags = {
    Owner = var.owner
    Team  = var.team
  }
}

resource "aws_security_group" "interpolated" {
  name        = "corpus-interpolated"
  description = "tags"
  vpc_id      = aws_vpc.main.id

  tags = {
    Name = "${var.team}-interpolated"
  }
}

# One value for two

resource "aws_security_group" "sharing" {
  name        = "corpus-sharing"
  description = "shared"
  vpc_id      = aws_vpc.main.id

  tags = {
    Stage = var.stage
  }
}

resource "aws_security_group" "shared" {
  name        = "corpus-shared"
  description = "shared"
  vpc_id      = aws_vpc.main.id

  tags = {
    Stage = var.stage
  }
}

# Instances

resource "aws_security_group" "each" {
  for_each    = local.groups
  name        = "corpus-each-${each.key}"
  description = "each"
  vpc_id      = aws_vpc.main.id
  tags        = each.value.tags
}

resource "aws_security_group" "counted" {
  count       = 2
  name        = "corpus-counted-${count.index}"
  description = "count"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "counted" }
}

resource "aws_security_group" "counted_one" {
  count       = 2
  name        = "corpus-counted-one-${count.index}"
  description = "count"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "one" }
}

module "inner" {
  source = "../modules/group"
  vpc_id = aws_vpc.main.id
  owner  = "mod"
}

# Documents and blocks

resource "aws_s3_bucket" "versioned" {
  bucket = "corpus-versioned"

  versioning {
    enabled = true
  }
}

resource "aws_s3_bucket" "plain" {
  bucket = "corpus-plain"
}

resource "aws_iam_policy" "encoded" {
  name = "corpus-encoded"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject"] # read only
        Resource = "*"
      },
    ]
  })
}

resource "aws_iam_policy" "heredoc" {
  name   = "corpus-heredoc"
  policy = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": ["s3:GetObject"],
          "Resource": "*"
        }
      ]
    }
  EOF
}

resource "aws_iam_role" "trust" {
  name                 = "corpus-trust"
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

# Deleted by hand

resource "aws_iam_role" "deleted" {
  name               = "corpus-deleted"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role" "referenced" {
  name               = "corpus-referenced"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

output "referenced" {
  value = aws_iam_role.referenced.name
}
