# Other services

resource "aws_iam_role" "defaults" {
  name               = "corpus-defaults"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role" "written" {
  name                 = "corpus-written"
  description          = "of two values"
  max_session_duration = 3600 # one hour
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_sns_topic" "topic" {
  name         = "corpus-topic"
  display_name = "Corpus"
}

resource "aws_iam_role" "described" {
  name               = "corpus-described"
  description        = "as it was"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role" "trusting" {
  name = "corpus-trusting"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_user" "user" {
  name = "corpus-user"
  tags = { Team = "core" }
}

resource "aws_iam_policy" "shrunk" {
  name = "corpus-shrunk"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # reading
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "*"
      },
      # writing
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "*"
      },
    ]
  })
}

resource "aws_iam_policy" "beside_interpolation" {
  name   = "corpus-beside"
  policy = <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject"],
      "Resource": "${aws_s3_bucket.plain.arn}/*"
    }
  ]
}
EOF
}

resource "aws_iam_policy" "in_interpolation" {
  name   = "corpus-within"
  policy = <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject"],
      "Resource": "${aws_s3_bucket.plain.arn}/*"
    }
  ]
}
EOF
}

resource "aws_iam_policy" "from_template" {
  name   = "corpus-template"
  policy = templatefile("${path.module}/policy.json.tftpl", { action = "s3:GetObject" })
}

data "aws_iam_policy_document" "read" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "from_data" {
  name   = "corpus-data"
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_s3_bucket" "ruled" {
  bucket = "corpus-ruled"

  cors_rule {
    allowed_methods = ["GET"]
    allowed_origins = ["https://acme.example"]
  }
}

resource "aws_s3_bucket" "encrypted" {
  bucket = "corpus-encrypted"
}

resource "aws_s3_bucket" "policied" {
  bucket = "corpus-policied"
}

resource "aws_s3_bucket_policy" "policied" {
  bucket = aws_s3_bucket.policied.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "${aws_s3_bucket.policied.arn}/public/*"
    }]
  })
}

resource "aws_s3_bucket" "tagged" {
  bucket = "corpus-tagged"
  tags   = { Name = "tagged", Stage = "test" }
}

resource "aws_s3_bucket" "kept" {
  bucket = "corpus-kept"

  lifecycle_rule {
    id      = "old"
    enabled = true

    expiration {
      days = 30
    }
  }
}

resource "aws_vpc" "network" {
  cidr_block = "10.11.0.0/16"

  tags = {
    Name = "network"
  }
}

resource "aws_subnet" "public" {
  vpc_id     = aws_vpc.network.id
  cidr_block = "10.11.1.0/24"
}

resource "aws_internet_gateway" "door" {
  vpc_id = aws_vpc.network.id
}

resource "aws_route_table" "routes" {
  vpc_id = aws_vpc.network.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.door.id
  }
}

resource "aws_dynamodb_table" "table" {
  name           = "corpus-table"
  hash_key       = "id"
  read_capacity  = 5
  write_capacity = 5

  attribute {
    name = "id"
    type = "S"
  }
}
