# Where values come from

variable "region_name" {}

variable "cost_center" {}

variable "from_json" {}

variable "from_file" {
  default = "default"
}

variable "retention" {
  type    = number
  default = 7
}

variable "hostnames" {
  type    = bool
  default = true
}

variable "stable" {
  type    = bool
  default = true
}

variable "office" {
  type    = list(string)
  default = ["10.1.0.0/16", "10.2.0.0/16"]
}

variable "settings" {
  default = {
    owner = "core"
    tags = {
      Stage = "test"
    }
  }
}

variable "token" {
  sensitive = true
  default   = "canary-corpus-token-77"
}

locals {
  named = {
    audit = { days = 14 }
  }
  teams = toset(["red", "green", "blue"])
}

resource "aws_security_group" "outside" {
  name        = "corpus-outside"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Region = var.region_name
  }
}

resource "aws_security_group" "given" {
  name        = "corpus-given"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Cost = var.cost_center
  }
}

resource "aws_security_group" "json_variable" {
  name        = "corpus-json-variable"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Json = var.from_json
  }
}

resource "aws_security_group" "var_file" {
  name        = "corpus-var-file"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    File = var.from_file
  }
}

resource "aws_security_group" "setting" {
  name        = "corpus-setting"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Owner = var.settings.owner
  }
}

resource "aws_security_group" "setting_map" {
  name        = "corpus-setting-map"
  description = "corpus"
  vpc_id      = aws_vpc.main.id
  tags        = merge(var.settings.tags, { Name = "settings" })
}

resource "aws_security_group" "office" {
  name        = "corpus-office"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = var.office
  }
}

resource "aws_security_group" "ternary" {
  name        = "corpus-ternary"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Stage = var.stable ? "on" : "off"
  }
}

resource "aws_security_group" "formatted" {
  name        = "corpus-formatted"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Name = format("%s-formatted", var.team)
  }
}

resource "aws_security_group" "secret_tag" {
  name        = "corpus-secret-tag"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Token = var.token
  }
}

resource "aws_security_group" "beside_secret" {
  name        = "corpus-beside-secret"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Token = var.token
    Team  = "core"
  }
}

resource "aws_security_group" "team" {
  for_each    = local.teams
  name        = "corpus-team-${each.key}"
  description = "corpus"
  vpc_id      = aws_vpc.main.id
  tags        = { Team = each.key }
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = "corpus-logs"
  retention_in_days = var.retention
}

resource "aws_vpc" "named" {
  cidr_block           = "10.10.0.0/16"
  enable_dns_hostnames = var.hostnames
}

resource "aws_cloudwatch_log_group" "named" {
  name              = "corpus-named"
  retention_in_days = local.named["audit"].days
}

resource "aws_ssm_parameter" "secret" {
  name  = "corpus-secret"
  type  = "SecureString"
  value = "canary-corpus-value-99"
}
