"""How a wheel is made of this repository, for apps in repositories of their own."""
