"""Trains the network once, on scikit-learn's copy of the UCI wine data. Needs torch and scikit-learn."""

import json

import torch
from sklearn.datasets import load_wine

from model import WineNet

torch.manual_seed(0)
data = load_wine()
measurements = torch.tensor(data.data, dtype=torch.float32)
cultivars = torch.tensor(data.target)
net = WineNet()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for _ in range(60):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(net(measurements), cultivars).backward()
    optimizer.step()

net.eval()
torch.save(net.state_dict(), "wine.pt")

with torch.no_grad():
    everyone = torch.softmax(net(measurements), dim=1)
sample = int(everyone.amax(dim=1).argmin())  # the least certain one shows more than 1.0 and 0.0
probabilities = everyone[sample]
with open("request.json", "w") as file:
    json.dump({"measurements": data.data[sample].tolist()}, file)
    file.write("\n")
with open("expected.json", "w") as file:
    json.dump({f"class_{index}": round(float(p), 6) for index, p in enumerate(probabilities)}, file)
    file.write("\n")
accuracy = (net(measurements).argmax(dim=1) == cultivars).float().mean()
print(f"accuracy on its own training data: {accuracy:.3f}")
