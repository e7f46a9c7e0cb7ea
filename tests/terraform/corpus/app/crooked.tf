resource "aws_security_group" "crooked" {
  name        = "corpus-crooked"
  description = "corpus"
  vpc_id      = aws_vpc.main.id
  tags = {
    Name="crooked"
    Owner    =   "core"
  }
}
