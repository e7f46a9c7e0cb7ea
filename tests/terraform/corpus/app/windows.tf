resource "aws_security_group" "windows" {
  name        = "corpus-windows"
  description = "corpus"
  vpc_id      = aws_vpc.main.id

  tags = {
    Name = "windows"
  }
}