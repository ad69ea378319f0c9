#!/usr/bin/env bash
# K4os.Compression.LZ4.Streams 1.3.8 and npm's lz4js 0.2.0 against lz4-java 1.8.0 (Debian's liblz4-java): what the two write when nothing is set is a valid LZ4
# frame that says "linked blocks", even when it has a single block, and lz4-java throws at that header: "Dependent block stream is unsupported".
# Apache Kafka has the same rule in its own reader: a 4.3.1 broker answers a batch so compressed with UNKNOWN_SERVER_ERROR, while clients on the C library
# read it. A round trip in one language shows nothing of it. K4os needs ChainBlocks = false; lz4js has no such setting.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
for tool in npm javac; do
  command -v "$tool" >/dev/null || { echo "no $tool on PATH: install Node.js and a JDK (Debian's openjdk-17-jdk-headless)" >&2; exit 2; }
done
dotnet_app 'K4os.Compression.LZ4.Streams 1.3.8' <<'CS'
using K4os.Compression.LZ4.Streams;

byte[] data = File.ReadAllBytes(Path.Combine(args[0], "data"));
Write("k4os-default", new LZ4EncoderSettings());
Write("k4os-unchained", new LZ4EncoderSettings { ChainBlocks = false });
foreach (string name in new[] { "k4os-default", "lz4js" })
{
    MemoryStream read = new();
    using Stream decoder = LZ4Stream.Decode(File.OpenRead(Path.Combine(args[0], name)));
    decoder.CopyTo(read);
    Console.WriteLine($"K4os reads {name}: {read.ToArray().AsSpan().SequenceEqual(data)}");
}

void Write(string name, LZ4EncoderSettings settings)
{
    using Stream encoder = LZ4Stream.Encode(File.Create(Path.Combine(args[0], name)), settings);
    encoder.Write(data);
}
CS
npm install --prefix "$work" lz4js@0.2.0 --no-audit --no-fund --loglevel=error >/dev/null
(cd "$work" && apt-get -qq download liblz4-java=1.8.0-3 2>/dev/null && dpkg-deb -x liblz4-java_*.deb java) ||
  { echo "cannot download Debian 12's liblz4-java 1.8.0-3: run apt-get update first" >&2; exit 2; }
cat >"$work/Read.java" <<'JAVA'
import java.io.FileInputStream;
import java.io.InputStream;
import java.util.Arrays;
import net.jpountz.lz4.LZ4FrameInputStream;

class Read {
    public static void main(String[] files) throws Exception {
        byte[] data = new FileInputStream(files[0]).readAllBytes();
        for (String file : Arrays.copyOfRange(files, 1, files.length)) {
            String name = file.substring(file.lastIndexOf('/') + 1);
            try (InputStream in = new LZ4FrameInputStream(new FileInputStream(file))) {
                System.out.println("lz4-java reads " + name + ": " + Arrays.equals(data, in.readAllBytes()));
            } catch (RuntimeException e) {
                System.out.println("lz4-java reads " + name + ": " + e.getMessage());
            }
        }
    }
}
JAVA
printf 'one record, far shorter than a block' >"$work/data"
node -e 'const fs = require("fs"), [folder] = process.argv.slice(1)
fs.writeFileSync(folder + "/lz4js", require(folder + "/node_modules/lz4js").compress(fs.readFileSync(folder + "/data")))' "$work"
out=$(dotnet "$app" "$work" && java -cp "$work/java/usr/share/java/lz4-java.jar" "$work/Read.java" "$work"/{data,k4os-default,lz4js,k4os-unchained})
echo "$out"
expect 'the frames are valid: K4os reads both' '^K4os reads lz4js: True$' "$out"
expect 'lz4-java refuses the default of K4os' '^lz4-java reads k4os-default: Dependent block stream is unsupported' "$out"
expect 'and of lz4js' '^lz4-java reads lz4js: Dependent block stream is unsupported' "$out"
expect 'it reads K4os with ChainBlocks = false' '^lz4-java reads k4os-unchained: true$' "$out"
