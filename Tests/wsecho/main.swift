print("wsecho")
