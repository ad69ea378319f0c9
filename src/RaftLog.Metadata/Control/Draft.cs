using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>
/// A decision while it is being made: the records so far, and the image as it will be after them, so that a later part of one decision sees
/// the earlier ones. Nothing of it stays: what counts is the replay of the appended records.
/// </summary>
internal sealed class Draft(MetadataImage image)
{
    private readonly List<IMetadataRecord> _records = [];
    private MetadataImage _image = image;
    private int _replayed;

    /// <summary>What will be believed after the records so far.</summary>
    public MetadataImage Image
    {
        get
        {
            if (_replayed < _records.Count)
            {
                MetadataDelta delta = new(_image);
                for (; _replayed < _records.Count; _replayed++)
                {
                    delta.Replay(_records[_replayed]);
                }

                _image = delta.Freeze(_image.Provenance);
            }

            return _image;
        }
    }

    public int Count => _records.Count;

    public void Add(IMetadataRecord record) => _records.Add(record);

    public void AddIfAny(PartitionChangeRecord? record)
    {
        if (record is not null)
        {
            _records.Add(record);
        }
    }

    public ControllerResult<T> Respond<T>(T response) => new(_records, response);
}
