output "vpc_id" {
  value = module.network.vpc_id
}

output "subnet_ids" {
  value = module.network.public_subnet_ids
}

output "subnet_cidrs" {
  value = module.network.public_subnet_cidrs
}

output "zone_id" {
  value = aws_route53_zone.main.zone_id
}
