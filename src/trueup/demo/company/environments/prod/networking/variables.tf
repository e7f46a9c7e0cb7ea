variable "environment" {
  type = string
}

variable "cidr" {
  type = string
}

variable "public_subnets" {
  type = map(string)
}

variable "domain" {
  type = string
}
