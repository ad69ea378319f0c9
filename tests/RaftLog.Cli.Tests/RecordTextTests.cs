using System.Text;
using RaftLog.Cli.Clients.Records;
using RaftLog.Client.Produce;
using RaftLog.Protocol.Records;

namespace RaftLog.Cli.Tests;

/// <summary>Bytes in are bytes out.</summary>
public sealed class RecordTextTests
{
    [Theory]
    [InlineData("a\xb6" + "b\xff" + "c\n", "a\xb6" + "b\xff" + "c")]
    [InlineData("a\rb\r\nc", "a\rb\r|c")]
    [InlineData("\xef\xbb\xbfx\n\xff\xfey\n", "\xef\xbb\xbfx|\xff\xfey")]
    [InlineData("\n\n", "|")]
    [InlineData("", null)]
    [InlineData("a\0b\n", "a\0b")]
    public async Task Only_the_line_feed_ends_a_line_and_nothing_is_decoded(string input, string? lines)
    {
        for (int step = 1; step <= 3; step++)
        {
            using TrickleStream stream = new(Encoding.Latin1.GetBytes(input), step);
            Assert.Equal(lines, await ReadAllAsync(new ByteLines(stream, 1 << 20)));
        }
    }

    [Fact]
    public async Task Lines_longer_than_the_first_buffer_are_read_whole_and_those_above_the_limit_are_rejected()
    {
        string large = new('x', 300_000);
        using MemoryStream fits = new(Encoding.Latin1.GetBytes($"a\n{large}\nb"));
        Assert.Equal($"a|{large}|b", await ReadAllAsync(new ByteLines(fits, 300_000)));

        using MemoryStream tooLarge = new(Encoding.Latin1.GetBytes($"a\n{large}\nb"));
        FormatException rejected = await Assert.ThrowsAsync<FormatException>(() => ReadAllAsync(new ByteLines(tooLarge, 100_000)));
        Assert.Contains("line 2 is longer than 100000 bytes", rejected.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"\t", "09")]
    [InlineData(@"a\x00\xfe\\", "6100fe5c")]
    [InlineData(@"\r\n\0é", "0d0a00c3a9")]
    public void Escapes_stand_for_bytes(string text, string hex) => Assert.Equal(hex, Convert.ToHexStringLower(Escapes.Read(text)));

    [Theory]
    [InlineData(@"\q")]
    [InlineData(@"\x1")]
    [InlineData(@"a\")]
    public void What_is_no_escape_is_rejected(string text) =>
        Assert.Contains("is no escape", Assert.Throws<FormatException>(() => Escapes.Read(text)).Message);

    [Fact]
    public void Null_and_empty_keys_and_values_are_kept_apart()
    {
        LineParser parser = new([0x09], Encoding.ASCII.GetBytes("NULL"), false, default);

        Assert.Equal(("", null), Texts(parser.Parse(Bytes("\tNULL"))));
        Assert.Equal((null, ""), Texts(parser.Parse(Bytes("NULL\t"))));
        Assert.Equal((null, "v"), Texts(parser.Parse(Bytes("v"))));
        Assert.Equal(("k", "v\tw"), Texts(parser.Parse(Bytes("k\tv\tw"))));
        Assert.Equal(("k\tNULL", null), Texts(new LineParser([], [], true, default).Parse(Bytes("k\tNULL"))));
        Assert.Equal(
            [new("a", "b=c"), new("d", ""), new KeyValuePair<string, string?>("e", null)],
            LineParser
                .Headers(["a=b=c", "d=", "e"])
                .Select(header => new KeyValuePair<string, string?>(
                    header.Key,
                    header.Value is { } value ? Encoding.UTF8.GetString(value.Span) : null
                ))
        );
    }

    [Fact]
    public void A_record_in_json_that_is_wrong_is_named_with_its_line()
    {
        Assert.Contains("line 7", Assert.Throws<FormatException>(() => JsonRecords.Read(Bytes("{"), 7, default)).Message);
        Assert.Contains("'valeu'", Assert.Throws<FormatException>(() => JsonRecords.Read(Bytes("{\"valeu\":1}"), 7, default)).Message);
        Assert.Contains(
            "line 8",
            Assert.Throws<FormatException>(() => JsonRecords.Read(Bytes("{\"value\":{\"base64\":\"?\"}}"), 8, default)).Message
        );
        ProducerRecord read = JsonRecords.Read(
            Bytes(
                "{\"key\":{\"base64\":\"/w==\"},\"value\":null,\"headers\":[{\"name\":\"h\",\"value\":null}],\"partition\":2,"
                    + "\"timestamp\":5}"
            ),
            1,
            default
        );
        Assert.Equal([0xff], read.Key!.Value.ToArray());
        Assert.Null(read.Value);
        Assert.Equal((2, 5L), (read.Partition, read.TimestampMs));
        RecordHeader header = Assert.Single(read.Headers.ToArray());
        Assert.Null(header.Value);
    }

    [Fact]
    public void A_headers_name_that_is_no_text_keeps_its_bytes()
    {
        ProducerRecord read = JsonRecords.Read(Bytes("{\"headers\":[{\"name\":{\"base64\":\"/2E=\"},\"value\":\"v\"}]}"), 1, default);
        RecordHeader header = Assert.Single(read.Headers.ToArray());
        byte[] name = new byte[header.NameSize];
        header.WriteName(name);
        Assert.Equal([0xff, (byte)'a'], name);
        Assert.Contains(
            "line 3",
            Assert
                .Throws<FormatException>(() => JsonRecords.Read(Bytes("{\"headers\":[{\"name\":null,\"value\":null}]}"), 3, default))
                .Message
        );
    }

    [Theory]
    [InlineData("xml")]
    [InlineData("%q")]
    [InlineData("%s%")]
    public void A_format_that_shows_nothing_or_what_does_not_exist_is_rejected(string format) =>
        Assert.Throws<FormatException>(() => RecordFormat.Parse(format, []));

    private static (string? Key, string? Value) Texts(ProducerRecord record) => (TextOf(record.Key), TextOf(record.Value));

    private static string? TextOf(ReadOnlyMemory<byte>? bytes) => bytes is { } present ? Encoding.UTF8.GetString(present.Span) : null;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static async Task<string?> ReadAllAsync(ByteLines lines)
    {
        List<string> all = [];
        while (await lines.ReadAsync(CancellationToken.None) is { } line)
        {
            all.Add(Encoding.Latin1.GetString(line.Span));
        }

        return all.Count == 0 ? null : string.Join('|', all);
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class TrickleStream(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }
}
