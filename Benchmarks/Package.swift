// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "wsbridge", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        // The same steps in plain C, to compare with.
        .target(name: "CBaseline", cSettings: [.unsafeFlags(["-O3"])]),
        // What single steps of the data path cost, in nanoseconds: one file a step.
        .executableTarget(
            name: "microbench",
            dependencies: [
                "CBaseline",
                .product(name: "WSClient", package: "wsbridge"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)
