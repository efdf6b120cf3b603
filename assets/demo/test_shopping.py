from shopping import total

basket = [
    {"name": "apples", "price": 3, "quantity": 4},
    {"name": "bread", "price": 5, "quantity": 1},
]

assert total(basket) == 17, f"expected 17, got {total(basket)}"
print("ok")
