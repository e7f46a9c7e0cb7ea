variable "owner" {
  type    = string
  default = "platform" # until somebody says otherwise
}

variable "team" {
  type = string
}

variable "stage" {
  default = "test"
}

locals {
  common = { Company = "acme" }

  own = {
    Name = "own"
  }

  groups = {
    a = { tags = { Name = "a" } }
    b = { tags = { Name = "b" } }
    c = { tags = { Name = "c" } }
  }
}
