# Checkout, as the customers see it.
resource "aws_security_group" "web" {
  name        = "checkout-web"
  description = "Checkout, from outside"
  vpc_id      = var.vpc_id

  # HTTPS from everywhere
  ingress {
    description = "HTTPS"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  # only to redirect to HTTPS
  ingress {
    description = "HTTP"
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1" # everything
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = {
    Name        = "checkout-web" # shown in the console
    Environment = var.environment
    Service     = "checkout"
  }
}

module "checkout" {
  source = "../../../modules/service"

  name        = "checkout"
  environment = var.environment
  data_class  = var.data_class
}

resource "aws_route53_record" "web" {
  zone_id = var.zone_id
  name    = "checkout"
  type    = "A"
  ttl     = 300
  records = var.addresses
}
