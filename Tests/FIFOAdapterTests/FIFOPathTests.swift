import BridgeCore
import Foundation
import TestSupport
import Testing

@testable import FIFOAdapter

struct FIFOPathTests {
    @Test
    func makesAMissingFIFOForOwnerAndGroupWhateverTheUmask() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("new.fifo").path
            let opened = try FIFOPath(path).open(O_RDONLY)
            close(opened.descriptor)
            #expect(try mode(of: path) == S_IFIFO | 0o660)
        }
    }

    @Test("S11: a regular file is refused and left untouched")
    func refusesARegularFile() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("file").path
            try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: FIFOError.notAFIFO(path: path, found: "a regular file")) {
                try FIFOPath(path).open(O_WRONLY)
            }
            #expect(throws: FIFOError.self) { try FIFOPath(path).check() }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        }
    }

    @Test("S11: a symbolic link is refused, even to a FIFO")
    func refusesASymbolicLink() async throws {
        try await withTemporaryDirectory { folder in
            let target = folder.appendingPathComponent("target").path
            let path = folder.appendingPathComponent("link").path
            try makeFIFO(target)
            #expect(symlink(target, path) == 0)
            #expect(throws: FIFOError.notAFIFO(path: path, found: "a symbolic link")) {
                try FIFOPath(path).open(O_RDONLY)
            }
        }
    }

    @Test("S11: a folder is refused")
    func refusesAFolder() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.path
            #expect(throws: FIFOError.notAFIFO(path: path, found: "a folder")) {
                try FIFOPath(path).open(O_RDONLY)
            }
        }
    }

    @Test("S11: a path that is swapped between check and open is not used")
    func noticesASwapBetweenCheckAndOpen() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("swapped").path
            let other = folder.appendingPathComponent("other").path

            try makeFIFO(path)
            try Data("precious".utf8).write(to: URL(fileURLWithPath: other))
            #expect(throws: FIFOError.replacedWhileOpening(path: path)) {
                try FIFOPath(path).open(O_RDWR, swapHook: { rename(other, path) })
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")

            unlink(path)
            try makeFIFO(path)
            try makeFIFO(other)
            #expect(throws: FIFOError.replacedWhileOpening(path: path)) {
                try FIFOPath(path).open(O_RDONLY, swapHook: { rename(other, path) })
            }

            #expect(symlink("elsewhere", other) == 0)
            #expect(throws: FIFOError.kernel(path: path, .init("open", code: ELOOP))) {
                try FIFOPath(path).open(O_RDONLY, swapHook: { rename(other, path) })
            }
        }
    }

    @Test("S11: a folder where everyone may replace files is refused, with the sticky bit it is not")
    func refusesAnUnsafeFolder() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.fifo").path
            chmod(folder.path, 0o777)
            #expect(throws: FIFOError.unsafeFolder(path: path, folder: folder.path)) {
                try FIFOPath(path).open(O_RDONLY)
            }
            #expect(!FileManager.default.fileExists(atPath: path))
            chmod(folder.path, 0o1777)
            close(try FIFOPath(path).open(O_RDONLY).descriptor)
        }
    }

    @Test("S11: in a shared folder another user's FIFO is refused", .enabled(if: geteuid() == 0, "needs root"))
    func refusesAnotherUsersFIFOInASharedFolder() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.fifo").path
            chmod(folder.path, 0o1777)
            try makeFIFO(path)
            #expect(chown(path, 4711, 4711) == 0)
            #expect(throws: FIFOError.foreignOwner(path: path, owner: 4711)) { try FIFOPath(path).check() }
        }
    }

    @Test(arguments: ["", "/", "folder/", "/run/..", ".", "a\0b"])
    func refusesWhatIsNoPath(path: String) {
        #expect(throws: FIFOError.unusablePath(path: path)) { try FIFOPath(path) }
    }

    @Test
    func saysWhichFolderIsMissing() throws {
        let error = #expect(throws: FIFOError.self) { try FIFOPath("/nowhere/at/all.fifo").open(O_RDONLY) }
        #expect(error?.description == "fifo /nowhere/at/all.fifo: the folder /nowhere/at doesn't exist: make it")
    }

    @Test
    func checkingMakesNothing() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appendingPathComponent("x.fifo").path
            try FIFOPath(path).check()
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}
