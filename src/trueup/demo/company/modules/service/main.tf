# What every service gets: a bucket of its own and a role that may use it.

resource "aws_s3_bucket" "data" {
  bucket = "acme-${var.environment}-${var.name}"
  acl    = "private"

  versioning {
    enabled = var.versioning
  }

  tags = {
    "Name"       = "acme-${var.environment}-${var.name}"
    "data-class" = var.data_class
  }
}

resource "aws_iam_role" "service" {
  name = "${var.environment}-${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "data" {
  name = "data"
  role = aws_iam_role.service.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadAndWrite"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "${aws_s3_bucket.data.arn}/*"
      },
    ]
  })
}
