using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Tests.Wire;

public class WireWriterTests
{
    [Property]
    public Property Numbers_are_read_as_they_were_written() =>
        Prop.ForAll<long, int>(
            (wide, narrow) =>
            {
                WireWriter writer = new(1);
                writer.WriteInt64(wide);
                writer.WriteVarlong(wide);
                writer.WriteInt32(narrow);
                writer.WriteVarint(narrow);
                writer.WriteUVarint((uint)narrow);
                writer.WriteInt16((short)narrow);
                writer.WriteUInt16((ushort)narrow);
                writer.WriteUInt32((uint)narrow);
                writer.WriteFloat64(wide / 3.0);
                WireReader reader = new(writer.ToArray());
                return reader.ReadInt64() == wide
                    && reader.ReadVarlong() == wide
                    && reader.ReadInt32() == narrow
                    && reader.ReadVarint() == narrow
                    && reader.ReadUVarint() == (uint)narrow
                    && reader.ReadInt16() == (short)narrow
                    && reader.ReadUInt16() == (ushort)narrow
                    && reader.ReadUInt32() == (uint)narrow
                    && reader.ReadFloat64().Equals(wide / 3.0)
                    && reader.Remaining == 0;
            }
        );

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(0L)]
    public void Varlongs_at_the_ends_are_read_as_they_were_written(long value)
    {
        WireWriter writer = new();
        writer.WriteVarlong(value);
        WireReader reader = new(writer.ToArray());
        Assert.Equal(value, reader.ReadVarlong());
    }

    [Fact]
    public void Large_record_sets_are_referenced_and_small_ones_copied()
    {
        byte[] large = Bytes(WireWriter.GatherThreshold);
        byte[] small = Bytes(WireWriter.GatherThreshold - 1);
        WireWriter writer = new();
        writer.WriteInt32(1);
        writer.WriteRecords(compact: true, large);
        writer.WriteRecords(compact: true, small);
        writer.WriteRecords(compact: false, large);

        Assert.Equal(4, writer.Pieces.Count);
        Assert.True(writer.Pieces[1].Equals(new ReadOnlyMemory<byte>(large)));
        Assert.True(writer.Pieces[3].Equals(new ReadOnlyMemory<byte>(large)));
        Assert.Equal(writer.Length, writer.Pieces.Sum(piece => piece.Length));
        WireReader reader = new(writer.ToArray());
        reader.ReadInt32();
        Assert.Equal(large, reader.ReadBytes(compact: true, "").ToArray());
        Assert.Equal(small, reader.ReadBytes(compact: true, "").ToArray());
        Assert.Equal(large, reader.ReadBytes(compact: false, "").ToArray());
    }

    [Property]
    public Property A_sized_part_stands_behind_its_size_whatever_is_in_it() =>
        Prop.ForAll(
            Gen.Choose(0, 300).Three().ToArbitrary(),
            sizes =>
            {
                WireWriter writer = new(8);
                writer.WriteRecords(Bytes(sizes.Item1 * 20));
                SizeMark outer = writer.BeginSized();
                writer.WriteRaw(Bytes(sizes.Item2));
                SizeMark inner = writer.BeginSized();
                writer.WriteRecords(Bytes(sizes.Item3 * 200));
                writer.WriteInt32(7);
                writer.EndSized(inner);
                writer.WriteRecords(Bytes(sizes.Item1 * 20));
                writer.EndSized(outer);
                writer.WriteInt32(8);

                WireReader reader = new(writer.ToArray());
                reader.Skip(sizes.Item1 * 20);
                int end = (int)reader.ReadUVarint() + reader.Position;
                bool same = reader.ReadSlice(sizes.Item2).Span.SequenceEqual(Bytes(sizes.Item2));
                same &= reader.ReadUVarint() == sizes.Item3 * 200 + 4;
                same &= reader.ReadSlice(sizes.Item3 * 200).Span.SequenceEqual(Bytes(sizes.Item3 * 200));
                same &= reader.ReadInt32() == 7;
                same &= reader.ReadSlice(sizes.Item1 * 20).Span.SequenceEqual(Bytes(sizes.Item1 * 20));
                return same && reader.Position == end && reader.ReadInt32() == 8 && reader.Remaining == 0;
            }
        );

    [Fact]
    public void The_length_of_a_frame_can_be_filled_in_at_its_end()
    {
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        writer.WriteRecords(compact: false, Bytes(5000));
        writer.PatchInt32(length, writer.Length - 4);
        WireReader reader = new(writer.ToArray());
        Assert.Equal(5004, reader.ReadInt32());
        Assert.Equal(5004, reader.Remaining);
    }

    [Fact]
    public void A_writer_that_was_reset_begins_again()
    {
        WireWriter writer = new();
        writer.WriteRecords(compact: true, Bytes(5000));
        writer.WriteRaw(Bytes(2 * WireWriter.RetainedCapacity));
        writer.Reset();
        Assert.Equal(0, writer.Length);
        Assert.Empty(writer.Pieces);
        writer.WriteInt16(5);
        Assert.Equal([0, 5], writer.ToArray());
    }

    [Fact]
    public void A_string_above_the_protocols_limit_is_not_written()
    {
        WireWriter writer = new();
        writer.WriteString(compact: false, new string('x', WireReader.MaxStringLength));
        Assert.Throws<ProtocolException>(() => writer.WriteString(compact: false, new string('x', WireReader.MaxStringLength + 1)));
    }

    [Fact]
    public void More_than_a_writer_may_hold_is_rejected()
    {
        byte[] records = new byte[1 << 20];
        WireWriter writer = new();
        for (int i = 0; i < WireWriter.MaxLength / records.Length; i++)
        {
            writer.WriteRecords(records);
        }

        Assert.Throws<ProtocolException>(() => writer.WriteRecords(records));
    }

    [Fact]
    public void Writing_a_response_again_allocates_nothing()
    {
        FetchResponse response = new() { Responses = [] };
        FetchResponse.FetchableTopicResponse topic = new() { TopicId = Uuid.ClusterMetadata };
        topic.Partitions.Add(new() { HighWatermark = new Offset(9), Records = Bytes(100_000) });
        topic.Partitions.Add(new() { HighWatermark = new Offset(9), Records = Bytes(100) });
        response.Responses.Add(topic);
        WireWriter writer = new();
        response.Write(writer, FetchResponse.HighestVersion);
        Assert.Equal(3, writer.Pieces.Count);

        long before = GC.GetAllocatedBytesForCurrentThread();
        writer.Reset();
        response.Write(writer, FetchResponse.HighestVersion);
        int pieces = writer.Pieces.Count;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(3, pieces);
        Assert.Equal(0, allocated);
    }

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)(i * 7);
        }

        return bytes;
    }
}
