using System.IO.Compression;
using System.Text.Json;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata.Tests;

public class MetadataRecordCodecTests
{
    [Fact]
    public void Every_record_of_Kafka_goes_through_the_frame_byte_by_byte()
    {
        int seen = 0;
        foreach (Golden golden in ReadGolden())
        {
            byte[] frame = [1, (byte)golden.Key, (byte)golden.Version, .. Convert.FromHexString(golden.Hex)];
            IMetadataRecord record = MetadataRecordCodec.Read(frame, out short version);
            Assert.Equal(golden.Message, record.GetType().Name);
            Assert.Equal(golden.Version, version);
            WireWriter writer = new();
            MetadataRecordCodec.Write(writer, record, version);
            Assert.Equal(Convert.ToHexString(frame), Convert.ToHexString(writer.ToArray()));
            seen++;
        }

        Assert.True(seen > 100, $"only {seen} golden records were found");
    }

    [Fact]
    public void A_record_shares_no_memory_with_its_copy()
    {
        foreach (Golden golden in ReadGolden().Where(each => each.Key == 11))
        {
            byte[] frame = [1, 11, 0, .. Convert.FromHexString(golden.Hex)];
            IMetadataRecord copy = MetadataRecordCodec.Copy(MetadataRecordCodec.Read(frame));
            string before = Convert.ToHexString(MetadataRecordCodec.ToBytes(copy, MetadataVersion.Newest));
            Array.Fill(frame, (byte)0xEE);
            Assert.Equal(before, Convert.ToHexString(MetadataRecordCodec.ToBytes(copy, MetadataVersion.Newest)));
        }
    }

    [Fact]
    public void Damaged_and_unknown_frames_are_rejected()
    {
        Assert.Throws<ProtocolException>(() => MetadataRecordCodec.Read(new byte[] { 2, 20, 0, 0 }));
        Assert.Throws<ProtocolException>(() => MetadataRecordCodec.Read(new byte[] { 1, 99, 0, 0 }));
        Assert.Throws<ProtocolException>(() => MetadataRecordCodec.Read(new byte[] { 1, 20, 1, 0 }));
        Assert.Throws<ProtocolException>(() => MetadataRecordCodec.Read(new byte[] { 1, 20, 0, 0, 0 }));
        Assert.Throws<ProtocolException>(() => MetadataRecordCodec.Read(new byte[] { 1, 20 }));
        Assert.Throws<ProtocolException>(() => MetadataRecordCodec.Read(new byte[] { 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0 }));
    }

    [Fact]
    public void Written_versions_follow_the_metadata_version()
    {
        Assert.Equal([1, 2, 2, 3, 3, 4], Versions(new RegisterBrokerRecord(), 7, 8, 16, 17, 29, 30));
        Assert.Equal([0, 0, 1, 1, 2, 2], Versions(new PartitionRecord(), 7, 16, 17, 22, 23, 30));
        Assert.Equal([0, 0, 1, 1, 2, 2], Versions(new PartitionChangeRecord(), 7, 16, 17, 22, 23, 30));
        Assert.Equal([0, 0], Versions(new TopicRecord(), 7, 30));
        Assert.Equal([0], Versions(new BrokerRegistrationChangeRecord { Fenced = 1 }, 30));
        Assert.Equal([1], Versions(new BrokerRegistrationChangeRecord { InControlledShutdown = 1 }, 30));
        Assert.Equal([2], Versions(new BrokerRegistrationChangeRecord { LogDirs = [new Uuid(1, 1)] }, 30));
        Assert.Equal([3], Versions(new BrokerRegistrationChangeRecord { CordonedLogDirs = [] }, 30));
    }

    private static int[] Versions(IMetadataRecord record, params short[] levels) =>
        [.. levels.Select(level => (int)new MetadataVersion(level).VersionOf(record))];

    private static IEnumerable<Golden> ReadGolden()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Golden", "metadata-records.jsonl.gz");
        using GZipStream stream = new(File.OpenRead(path), CompressionMode.Decompress);
        using StreamReader lines = new(stream);
        JsonSerializerOptions options = new(JsonSerializerDefaults.Web);
        while (lines.ReadLine() is { } line)
        {
            yield return JsonSerializer.Deserialize<Golden>(line, options)!;
        }
    }

    private sealed record Golden(string Message, short Key, short Version, string Hex);
}
