"""One visitor of the provider: what it knows of her, and what CX Genie is told."""

HUONG = "3f1c-huong"
PROFILE: dict[str, str | bool] = {
    "name": "Nguyễn Thị Hương",
    "email": "huong@shop.example",
    "email_verified": True,
    "phone_number": "+84901234567",
    "phone_number_verified": True,
    "picture": "https://img.shop.example/huong.png",
}
DATA = {
    "id": HUONG,
    "name": "Nguyễn Thị Hương",
    "email": "huong@shop.example",
    "phone_number": "0901234567",
    "country_code": "+84",
    "avatar": "https://img.shop.example/huong.png",
}
