variable "environment" {
  type = string
}

variable "data_class" {
  type = string
}

variable "addresses" {
  description = "Where checkout.<domain> points to"
  type        = list(string)
}

# From networking

variable "vpc_id" {
  type = string
}

variable "zone_id" {
  type = string
}
