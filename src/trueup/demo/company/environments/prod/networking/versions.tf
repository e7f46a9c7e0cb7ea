terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "3.39.0"
    }
  }

  backend "s3" {
    bucket       = "acme-terraform-state"
    key          = "prod/networking.tfstate"
    region       = "eu-central-1"
    use_lockfile = true

    # Our cloud is reached by address: no account look-ups, no virtual-host buckets.
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
  }
}

provider "aws" {
  region = "eu-central-1"

  s3_force_path_style         = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_get_ec2_platforms      = true

  endpoints {
    ec2     = var.endpoint
    iam     = var.endpoint
    route53 = var.endpoint
    s3      = var.endpoint
    sts     = var.endpoint
  }
}

variable "endpoint" {
  description = "Address of the cloud; empty for the public one"
  type        = string
  default     = ""
}
