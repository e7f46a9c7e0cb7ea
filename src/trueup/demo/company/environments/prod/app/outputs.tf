output "bucket" {
  value = module.checkout.bucket
}

output "security_group_id" {
  value = aws_security_group.web.id
}
