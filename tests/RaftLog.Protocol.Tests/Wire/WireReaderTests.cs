using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Tests.Wire;

public class WireReaderTests
{
    [Theory]
    [InlineData("00", 0u)]
    [InlineData("7F", 127u)]
    [InlineData("8001", 128u)]
    [InlineData("FFFFFFFF0F", uint.MaxValue)]
    [InlineData("8000", 0u)]
    public void Unsigned_varints_are_read(string hex, uint expected)
    {
        WireReader reader = new(Convert.FromHexString(hex));
        Assert.Equal(expected, reader.ReadUVarint());
        Assert.Equal(0, reader.Remaining);
    }

    [Theory]
    [InlineData("00", 0)]
    [InlineData("01", -1)]
    [InlineData("02", 1)]
    [InlineData("FEFFFFFF0F", int.MaxValue)]
    [InlineData("FFFFFFFF0F", int.MinValue)]
    public void Varints_are_zigzag(string hex, int expected)
    {
        WireReader reader = new(Convert.FromHexString(hex));
        Assert.Equal(expected, reader.ReadVarint());
    }

    [Theory]
    [InlineData("FEFFFFFFFFFFFFFFFF01", long.MaxValue)]
    [InlineData("FFFFFFFFFFFFFFFFFF01", long.MinValue)]
    [InlineData("03", -2L)]
    public void Varlongs_are_zigzag(string hex, long expected)
    {
        WireReader reader = new(Convert.FromHexString(hex));
        Assert.Equal(expected, reader.ReadVarlong());
        Assert.Equal(0, reader.Remaining);
    }

    [Theory]
    [InlineData("FFFFFFFF10")]
    [InlineData("FFFFFFFF8F00")]
    [InlineData("8080808080")]
    [InlineData("80")]
    [InlineData("")]
    public void A_varint_that_does_not_fit_or_does_not_end_is_rejected(string hex) =>
        Rejected(hex, static (ref WireReader reader) => reader.ReadUVarint());

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFFFF02")]
    [InlineData("FFFFFFFFFFFFFFFFFFFF01")]
    public void A_varlong_that_does_not_fit_is_rejected(string hex) =>
        Rejected(hex, static (ref WireReader reader) => reader.ReadVarlong());

    [Theory]
    [InlineData("0005616263")]
    [InlineData("7FFF")]
    [InlineData("FFFF")]
    [InlineData("8000")]
    [InlineData("00")]
    public void A_classic_string_that_the_frame_cannot_hold_is_rejected(string hex) =>
        Rejected(hex, static (ref WireReader reader) => reader.ReadString(compact: false, "Name"));

    [Theory]
    [InlineData("05616263")]
    [InlineData("00")]
    [InlineData("FFFFFFFF0F")]
    public void A_compact_string_that_the_frame_cannot_hold_is_rejected(string hex) =>
        Rejected(hex, static (ref WireReader reader) => reader.ReadString(compact: true, "Name"));

    [Fact]
    public void A_string_above_the_protocols_limit_is_rejected_though_its_bytes_are_there()
    {
        byte[] frame = new byte[40_000];
        frame[0] = 0x81;
        frame[1] = 0x80;
        frame[2] = 0x02;
        Rejected(Convert.ToHexString(frame), static (ref WireReader reader) => reader.ReadNullableString(compact: true, "Name"));
    }

    [Fact]
    public void Null_and_empty_strings_are_told_apart()
    {
        WireReader reader = new(Convert.FromHexString("FFFF00000001"));
        Assert.Null(reader.ReadNullableString(compact: false, "Name"));
        Assert.Equal("", reader.ReadNullableString(compact: false, "Name"));
        Assert.Null(reader.ReadNullableString(compact: true, "Name"));
        Assert.Equal("", reader.ReadNullableString(compact: true, "Name"));
    }

    [Theory]
    [InlineData("7FFFFFFF00")]
    [InlineData("FFFFFFFE00")]
    [InlineData("80000000")]
    [InlineData("0000000200")]
    public void Bytes_that_the_frame_cannot_hold_are_rejected(string hex) =>
        Rejected(hex, static (ref WireReader reader) => reader.ReadNullableBytes(compact: false, "Bytes"));

    [Fact]
    public void Bytes_are_a_slice_of_the_frame()
    {
        byte[] frame = [0, 0, 0, 2, 7, 8];
        WireReader reader = new(frame);
        reader.ReadBytes(compact: false, "Bytes").Span[1] = 9;
        Assert.Equal(9, frame[5]);
    }

    [Theory]
    [InlineData("7FFFFFFF00000000", 1)]
    [InlineData("FFFFFFFE", 1)]
    [InlineData("FFFFFFFF", 1)]
    [InlineData("000000020000000000000000", 5)]
    public void A_count_of_elements_that_the_frame_cannot_hold_is_rejected(string hex, int minElementSize) =>
        Rejected(hex, (ref WireReader reader) => reader.ReadArrayLength(compact: false, minElementSize, "Topics"));

    [Fact]
    public void A_frame_may_not_hold_more_elements_in_all_than_its_receiver_wants()
    {
        WireReader reader = new(Convert.FromHexString("03030000"), maxElements: 3);
        Assert.Equal(2, reader.ReadArrayLength(compact: true, 1, "Topics"));
        bool rejected = false;
        try
        {
            reader.ReadArrayLength(compact: true, 1, "Partitions");
        }
        catch (ProtocolException e)
        {
            rejected = e.Message.Contains("Partitions");
        }

        Assert.True(rejected);
    }

    [Theory]
    [InlineData("FFFFFFFF0F")]
    [InlineData("010005")]
    [InlineData("0200020102")]
    public void Tagged_fields_that_the_frame_cannot_hold_are_rejected(string hex) =>
        Rejected(
            hex,
            static (ref WireReader reader) =>
            {
                reader.SkipTags();
                return 0;
            }
        );

    [Fact]
    public void A_tagged_field_cannot_be_read_beyond_its_size()
    {
        Rejected(
            "0000000000",
            static (ref WireReader reader) =>
            {
                reader.BeginTag(2);
                return reader.ReadInt32();
            }
        );
        Rejected(
            "0000000000",
            static (ref WireReader reader) =>
            {
                int outer = reader.BeginTag(3);
                reader.ReadInt16();
                reader.EndTag(outer, "Tag");
                return 0;
            }
        );
    }

    [Fact]
    public void An_error_says_which_field_and_where()
    {
        string message = Rejected(
            "00007FFFFFFF",
            static (ref WireReader reader) =>
            {
                reader.ReadInt16();
                return reader.ReadArrayLength(compact: false, 4, "FetchRequest.Topics");
            }
        );
        Assert.Contains("FetchRequest.Topics", message);
        Assert.Contains("2147483647", message);
        Assert.Contains("byte 6", message);
    }

    private static string Rejected<T>(string hex, Reading<T> read)
    {
        WireReader reader = new(Convert.FromHexString(hex));
        try
        {
            read(ref reader);
        }
        catch (ProtocolException e)
        {
            return e.Message;
        }

        Assert.Fail($"{hex} was read");
        return "";
    }

    private delegate T Reading<T>(ref WireReader reader);
}
