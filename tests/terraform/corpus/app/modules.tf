# Modules: of several instances, in modules, from elsewhere

module "many" {
  for_each = local.apps
  source   = "../modules/app"
  name     = "corpus-many-${each.key}"
  vpc_id   = aws_vpc.main.id
  owner    = each.value.owner
}

module "alike" {
  count  = 2
  source = "../modules/app"
  name   = "corpus-alike-${count.index}"
  vpc_id = aws_vpc.main.id
  owner  = "alike"
}

module "alone" {
  count  = 2
  source = "../modules/app"
  name   = "corpus-alone-${count.index}"
  vpc_id = aws_vpc.main.id
  owner  = "alone"
}

module "outer" {
  source = "../modules/outer"
  vpc_id = aws_vpc.main.id
  team   = "outer" # handed through
}

module "remote" {
  source = "REMOTE"
  vpc_id = aws_vpc.main.id
  owner  = "remote"
}

locals {
  apps = {
    shop = { owner = "shop" }
    blog = { owner = "blog" } # seldom used
  }
}
