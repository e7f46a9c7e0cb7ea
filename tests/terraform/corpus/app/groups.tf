# Rules in further shapes

resource "aws_security_group" "egress" {
  name        = "corpus-egress"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "described" {
  name        = "corpus-described"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  ingress {
    description = "SSH"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_security_group" "two_rules" {
  name        = "corpus-two-rules"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  # for people
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }

  # for machines
  ingress {
    from_port   = 8443
    to_port     = 8443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_security_group" "many_ranges" {
  name        = "corpus-many-ranges"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  ingress {
    from_port = 443
    to_port   = 443
    protocol  = "tcp"
    cidr_blocks = [
      "10.1.0.0/16", # Berlin
      "10.2.0.0/16", # Hamburg
    ]
  }
}

resource "aws_security_group" "referring" {
  name        = "corpus-referring"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  ingress {
    from_port       = 5432
    to_port         = 5432
    protocol        = "tcp"
    security_groups = [aws_security_group.added.id]
  }
}

resource "aws_security_group" "attribute_rules" {
  name        = "corpus-attribute-rules"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  ingress = [
    {
      description      = "HTTPS"
      from_port        = 443
      to_port          = 443
      protocol         = "tcp"
      cidr_blocks      = ["10.0.0.0/8"]
      ipv6_cidr_blocks = []
      prefix_list_ids  = []
      security_groups  = []
      self             = false
    },
  ]
}

resource "aws_security_group" "ignoring" {
  name        = "corpus-ignoring"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Name = "ignoring"
  }

  lifecycle {
    ignore_changes = [tags]
  }
}

resource "aws_security_group" "odd_texts" {
  name        = "corpus-odd-texts"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Name = "plain"
  }
}

# Nobody needs this one
resource "aws_security_group" "forgotten" {
  name        = "corpus-forgotten"
  description = "deleted by hand"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group" "needed" {
  name        = "corpus-needed"
  description = "deleted by hand"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group" "needing" {
  name        = "corpus-needing"
  description = "corpus"
  vpc_id      = aws_vpc.main.id
  tags        = { Needs = aws_security_group.needed.name }
}
