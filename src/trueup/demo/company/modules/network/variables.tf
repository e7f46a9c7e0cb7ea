variable "name" {
  type = string
}

variable "cidr" {
  type = string
}

variable "public_subnets" {
  description = "Availability zone => CIDR block"
  type        = map(string)
}

variable "tags" {
  type    = map(string)
  default = {}
}
