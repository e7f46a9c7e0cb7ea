variable "name" {
  type = string
}

variable "environment" {
  type = string
}

variable "data_class" {
  description = "public, internal or confidential"
  type        = string
  default     = "internal"
}

variable "versioning" {
  type    = bool
  default = true
}
