output "bucket" {
  value = aws_s3_bucket.data.id
}

output "role_arn" {
  value = aws_iam_role.service.arn
}
